// Package bench measures what the rules cost; README.md says how, and what was seen.
package bench
