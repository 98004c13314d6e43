// Package deploytest holds what an operator starts callpacer with as a test: the
// image, the composition of services and its configuration. It has no code that
// anybody imports.
package deploytest
