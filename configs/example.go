package configs

import _ "embed"

// Example is the commented example of a whole configuration file.
//
//go:embed callpacer.yaml
var Example string
