package sandbox

import "time"

// Behaviour is what becomes of a send request for a number.
type Behaviour int

// The behaviours that every vendor which places calls has; the vendor's table
// of numbers tells them in words.
const (
	Answered Behaviour = iota
	NoAnswer
	Busy
	Rejected
	Refused
	AnswerLost
	CutOnce
	Hang
	Blacklisted
	BrokenGateway
	MaintenanceOnce
)

// The behaviours that some vendors have besides.
const (
	PoweredOff      Behaviour = iota + 100 // the callee's phone is off
	NoSuchNumber                           // nobody has the number
	LineFailed                             // the line fails while it dials
	TooManyOnce                            // HTTP 429 with a Retry-After, once per number
	ErrorPlaced                            // the vendor's unknown error, after the call was placed
	ErrorNotPlaced                         // the same code, and nothing is placed
	CrashPlaced                            // the vendor's server error, after the call was placed
	CrashNotPlaced                         // the same code, and nothing is placed
	LineBusy                               // the line is said to be in a call already
	Existing                               // what is asked for is said to exist already
	NoMoney                                // the account's balance is said to be used up
	NoRate                                 // the destination has no price
	RowRefused                             // accepted, but not for this callee
	ClockOnce                              // the timestamp is said to be stale, once per number
	KeyPressed                             // answered, and the callee presses 1
	CallsBack                              // answered, and the callee calls back later
	OnlyDialled                            // the vendor tells that it dialled, and no more
	LockedFromStart                        // the number is locked when it is first called
)

// tooManyFor is the Retry-After of TooManyOnce.
const tooManyFor = time.Second

// NumberCase is one row of a table by which the last two digits of a number
// decide what happens to it.
type NumberCase struct {
	// Suffix is the last two digits, empty for every number not named otherwise.
	Suffix    string
	Behaviour Behaviour
	// What happens, in words for a help text.
	What string
}

// behaviourIn looks a number up in a table of numbers.
func behaviourIn(table []NumberCase, number string) Behaviour {
	for _, c := range table {
		if c.Suffix != "" && len(number) >= 2 && number[len(number)-2:] == c.Suffix {
			return c.Behaviour
		}
	}
	return Answered
}
