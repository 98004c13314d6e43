package ratelimit

import "container/heap"

// waiter is one who waits for a slot.
type waiter struct {
	rank, came int
	at         int // in the queue; -1: not in it
	turn       chan called
}

type called struct {
	slot Slot
	err  error
}

// queue is a heap: the most urgent first, and among equals who came first.
type queue []*waiter

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].rank != q[j].rank {
		return q[i].rank < q[j].rank
	}
	return q[i].came < q[j].came
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	w := x.(*waiter) //nolint:forcetypeassert // only Turn pushes
	w.at = len(*q)
	*q = append(*q, w)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	w.at = -1
	*q = (*q)[:last]
	return w
}

// first takes the one out whose turn it is.
func (q *queue) first() *waiter {
	return heap.Pop(q).(*waiter) //nolint:forcetypeassert // Pop returns no other
}

// insert keeps slots in the order of their times.
func insert(slots []Slot, s Slot) []Slot {
	i := len(slots)
	for i > 0 && s.At.Before(slots[i-1].At) {
		i--
	}
	slots = append(slots, Slot{})
	copy(slots[i+1:], slots[i:])
	slots[i] = s
	return slots
}

// Ranks of urgency.
const (
	RankUrgent = iota
	RankNormal
	RankBulk
)

var ranks = map[string]int{"urgent": RankUrgent, "normal": RankNormal, "bulk": RankBulk}

// RankOf is how urgent a job of a priority is.
func RankOf(priority string) int {
	if r, ok := ranks[priority]; ok {
		return r
	}
	return RankNormal
}
