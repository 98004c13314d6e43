// Package deptest holds the import graph of this module as a test: which
// package may know which. It has no code that anybody imports; see rules_test.go
// for the rules and their reasons.
package deptest
