//go:build !race

package redistest

// Raced says that the race detector watches, which makes a Redis in this process
// many times slower: the longest walks take samples then.
const Raced = false
