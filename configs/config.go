// Package configs is callpacer's configuration: one YAML (or JSON) file, read
// strictly. An unknown or misspelt key is an error, what is missing is refused
// or limited, and secrets never print.
package configs

import (
	"net/netip"
	"time"

	"github.com/callpacer/callpacer/internal/secret"
)

// Config is a whole configuration file, checked and with every default filled
// in. Sections that are nil are switched off.
type Config struct {
	Redis      Redis
	Public     *Public     // nil: no receiver for the vendors' pushes
	Admin      *Admin      // nil: no API, UI, metrics and health
	Log        Log         // info, text
	Events     *Events     // nil: no events to the application
	Recordings *Recordings // nil: recordings are not kept
	Records    Records
	// Accounts may be empty: a producer needs none.
	Accounts []Account
	// StateDir is where this machine keeps what Redis cannot take: an absolute
	// path, StateOff, or empty for the usual place.
	StateDir string
}

// StateOff is the StateDir of a machine on which nothing is kept.
const StateOff = off

// Redis says where Redis is. Exactly one of URL, Cluster and Sentinel is set.
type Redis struct {
	URL      secret.String // redis:// or rediss://; it may hold a password
	Cluster  []string      // host:port of some nodes
	Sentinel *Sentinel
	// Username, Password and TLS go with Cluster and Sentinel, DB with Sentinel;
	// a URL says them by itself.
	Username string
	Password secret.String
	DB       int
	TLS      bool
	// Durability is what a write waits for beyond Redis's own answer: "wait",
	// "waitaof", or empty for nothing.
	Durability string
}

// Sentinel names the sentinels that know where the master is.
type Sentinel struct {
	Master   string
	Addrs    []string      // host:port of the sentinels
	Username string        // at the sentinels; empty: none
	Password secret.String // at the sentinels; empty: none
}

// Public is the listener for the vendors' pushes.
type Public struct {
	Listen string // host:port
	URL    string // how the vendors reach it, without a slash at the end
	// Secret signs the addresses given to vendors; empty: one is made once and
	// kept in Redis.
	Secret secret.String
	// PreviousSecrets are those before it: addresses made with one still verify.
	PreviousSecrets []secret.String
	TrustedProxies  []netip.Prefix // whose X-Forwarded-For counts; empty: nobody's
}

// Admin is the listener for the API, the UI, metrics and health.
type Admin struct {
	Listen string // host:port
	Tokens []AdminToken
}

// Roles of an AdminToken.
const (
	RoleViewer   = "viewer"   // reads
	RoleOperator = "operator" // reads and changes
)

// AdminToken is one caller's key to the admin listener.
type AdminToken struct {
	Name  string
	Token secret.String
	Role  string // RoleViewer or RoleOperator
}

// Log says how much is logged and in which form.
type Log struct {
	Level  string // trace, debug, info, warn, error
	Format string // text or json
}

// Events says where the application hears what became of its jobs.
type Events struct {
	URL             string
	Secret          secret.String // signs every event
	AllowedPrefixes []string      // of a job's own event_url; URL is always allowed
	AllowPrivate    bool          // also deliver to private addresses, and over http
}

// Recordings says where fetched audio is kept, and for how long.
type Recordings struct {
	URL       string // file:///…, mem:// or s3://bucket?…, as s3url.Parse reads it
	Retention time.Duration
	// AllowedHosts may be asked for audio whose address a vendor's report named: a
	// host, or host:port. Empty: no such address is followed.
	AllowedHosts []string
}

// Records says how long a job's record and its key marker live after its end.
type Records struct {
	Retention    time.Duration
	KeyRetention time.Duration // at least Retention
	Archive      string        // file:///…; empty: records are not archived
}
