package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A segment is entries one behind the other: a mark (the first half of the
// salt), the length, the checksum of salt, length and payload, the payload;
// numbers are little-endian. The salt stands in the file's name, so no payload
// can look like an entry.
const (
	saltBytes     = 8
	markBytes     = 4
	headBytes     = markBytes + 4 + 4
	segmentSuffix = ".journal"
	newSuffix     = ".new"
	damagedSuffix = ".damaged"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type salt [saltBytes]byte

// identity is what a segment's name says: "<number>-<salt>.journal", the number
// rising with time.
type identity struct {
	name   string
	number int64
	salt   salt
}

// segment is a file that this process owns.
type segment struct {
	id   identity
	file *os.File
	size int64 // behind the last confirmed entry, of one that we wrote
}

func newIdentity(number int64) identity {
	id := identity{number: number}
	rand.Read(id.salt[:])
	id.name = fmt.Sprintf("%020d-%s%s", number, hex.EncodeToString(id.salt[:]), segmentSuffix)
	return id
}

func parseName(name string) (identity, error) {
	number, rest, found := strings.Cut(strings.TrimSuffix(name, segmentSuffix), "-")
	n, err := strconv.ParseInt(number, 10, 64)
	raw, hexErr := hex.DecodeString(rest)
	if !found || err != nil || hexErr != nil || len(raw) != saltBytes {
		return identity{}, fmt.Errorf("%q is no name of a segment", name)
	}
	return identity{name: name, number: n, salt: salt(raw)}, nil
}

func checksum(s salt, length, payload []byte) uint32 {
	sum := crc32.Update(0, castagnoli, s[:])
	return crc32.Update(crc32.Update(sum, castagnoli, length), castagnoli, payload)
}

func appendEntry(text []byte, s salt, payload []byte) []byte {
	var length [4]byte
	binary.LittleEndian.PutUint32(length[:], uint32(len(payload))) //nolint:gosec // Append bounds it
	text = append(append(text, s[:markBytes]...), length[:]...)
	text = binary.LittleEndian.AppendUint32(text, checksum(s, length[:], payload))
	return append(text, payload...)
}

// entryAt reads the entry that text begins with.
func entryAt(s salt, text []byte) (payload []byte, ok bool) {
	if len(text) < headBytes || !bytes.Equal(text[:markBytes], s[:markBytes]) {
		return nil, false
	}
	length := text[markBytes : markBytes+4]
	n := int64(binary.LittleEndian.Uint32(length))
	if n == 0 || n > maxEntry || n > int64(len(text)-headBytes) {
		return nil, false
	}
	payload = text[headBytes : headBytes+n]
	return payload, checksum(s, length, payload) == binary.LittleEndian.Uint32(text[markBytes+4:])
}

// readEntries returns what can be read of a segment. gaps are damaged places
// with entries behind them. torn is the length of what cannot be read at the
// end: such an append was under way in a crash, and never confirmed.
func readEntries(s salt, text []byte) (entries [][]byte, gaps, torn int) {
	bad := -1 // where what cannot be read begins
	for at := 0; at < len(text); {
		payload, ok := entryAt(s, text[at:])
		if ok {
			if bad >= 0 {
				gaps++
			}
			bad = -1
			entries = append(entries, payload)
			at += headBytes + len(payload)
			continue
		}
		if bad < 0 {
			bad = at
		}
		next := bytes.Index(text[at+1:], s[:markBytes])
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if bad >= 0 {
		torn = len(text) - bad
	}
	return entries, gaps, torn
}

// names lists the segments, oldest first.
func (j *Journal) names() ([]string, error) {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", plain(err))
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), segmentSuffix) && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (j *Journal) count(names []string) int64 {
	var total int64
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(j.dir, name)); err == nil { // else somebody has just replayed it
			total += info.Size()
		}
	}
	return total
}

// create makes an empty segment that is ours before anybody can see it.
func (j *Journal) create() (*segment, error) {
	j.last = max(time.Now().UnixNano(), j.last+1)
	id := newIdentity(j.last)
	path := filepath.Join(j.dir, id.name)
	f, err := os.OpenFile(path+newSuffix, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, plain(err)
	}
	ours, err := flock(f)
	if err == nil && !ours {
		err = errors.New("somebody else locked a segment that we made")
	}
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err == nil {
		err = syncDir(j.dir)
	}
	if err != nil {
		return nil, errors.Join(plain(err), f.Close(), removeAny(path+newSuffix, path))
	}
	s := &segment{id: id, file: f}
	j.held[id.name] = s
	return s, nil
}
