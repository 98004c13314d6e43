// Package vendorwire reads what voice vendors write, leniently: their back ends
// send the same field as a number and as a string, nothing as null, "" or [],
// byte order marks and GBK. What it returns of their words is fit to be shown.
package vendorwire
