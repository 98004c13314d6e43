// Package docstest holds the pages for operators to the code that they speak
// of. It has no code that anybody imports.
package docstest
