package ratelimit

// WithChunk returns a Suppression whose scripts read and write n entries at most.
func (s *Suppression) WithChunk(n int) *Suppression {
	return &Suppression{rdb: s.rdb, clock: s.clock, chunk: n}
}
