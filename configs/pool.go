package configs

import "github.com/callpacer/callpacer/internal/phone"

// maxPool is how many middle numbers one account may choose from.
const maxPool = 10000

// pool reads the middle numbers that a binding may be given, normalised. No
// problem quotes a number: its place in the list says which one it is.
func (o *object) pool(vendor string, spec vendorSpec) []string {
	v, ok := o.take("pool")
	if !ok {
		return nil
	}
	if vendor != "" && !spec.middleNumbers {
		v.fail("%s has no middle numbers of its own to choose from; leave the key out", vendor)
		return nil
	}
	items, ok := v.list()
	switch {
	case !ok:
		return nil
	case len(items) == 0:
		v.fail("is an empty list; leave the key out where there is no pool")
		return nil
	case len(items) > maxPool:
		v.fail("has %d numbers; the most is %d", len(items), maxPool)
		return nil
	}
	out := make([]string, 0, len(items))
	first := make(map[phone.Number]string, len(items))
	for _, item := range items {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		n, err := phone.ParseAny(s.text)
		if err != nil {
			item.fail("%v", err)
			continue
		}
		if path, given := first[n]; given {
			item.fail("is the same number as %s", path)
			continue
		}
		first[n] = item.path
		out = append(out, n.Digits())
	}
	return out
}
