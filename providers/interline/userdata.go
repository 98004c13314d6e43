package interline

import (
	"encoding/base64"
	"strings"
)

// joinUserData is the userData of a binding: our reference and the
// application's own words under it, so that a CDR finds its binding also where
// it has no subid (XA) or where the answer with the subid was lost. The document
// advises base64.
func joinUserData(ref, userData string) string {
	if ref == "" && userData == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(ref + "\n" + userData))
}

// splitUserData takes apart what joinUserData made. What others made is all
// user data, as it came.
func splitUserData(echoed string) (ref, userData string) {
	// A form that is not escaped turns each plus into a space, which is lost at
	// the end: what we send is always padded.
	text := strings.ReplaceAll(echoed, " ", "+")
	for text != "" && len(text)%4 != 0 {
		text += "+"
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", echoed
	}
	ref, userData, found := strings.Cut(string(raw), "\n")
	if !found || ref != "" && !fitsID(ref) {
		return "", echoed
	}
	return ref, userData
}
