// Package sandbox holds what a person or a test needs in order to run the
// whole product with nothing installed and nobody called: simulated voice
// vendors and a Redis inside the process.
//
// A simulated vendor is written from the vendor's own document and shares no
// line with the adapter that talks to it, so a misreading on one side shows up
// as a refusal on the other. It alone is asked whether somebody was called
// twice: its log of placed calls is the evidence, never the product's counters.
package sandbox
