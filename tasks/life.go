package tasks

import "time"

const (
	minExpiresIn = time.Millisecond // what a record counts in
	maxExpiresIn = 30 * 24 * time.Hour
	defaultLife  = 24 * time.Hour
)

func checkLife(c *checkedJob) *FieldError {
	if !c.ExpiresAt.IsZero() && c.ExpiresIn != 0 {
		return fieldErrorf("expires_in", "is given beside expires_at; give one of them")
	}
	if c.ExpiresIn < 0 {
		return fieldErrorf("expires_in", "is negative; give a duration such as 2h")
	}
	if c.ExpiresIn != 0 && c.ExpiresIn < minExpiresIn {
		return fieldErrorf("expires_in", "is shorter than %s", minExpiresIn)
	}
	if c.ExpiresIn > maxExpiresIn {
		return fieldErrorf("expires_in", "is longer than %s", maxExpiresIn)
	}
	if !c.NotBefore.IsZero() && !c.ExpiresAt.IsZero() && !c.NotBefore.Before(c.ExpiresAt) {
		return fieldErrorf("not_before", "is not before expires_at; the job could never run")
	}
	return nil
}

// notPast refuses a job that would have expired already at now.
func (c *checkedJob) notPast(now time.Time) *FieldError {
	if !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now) {
		return pastError()
	}
	return nil
}

// settleLife decides when the job expires: now is this process's clock, and an
// error of minutes in it does no harm.
func (c *checkedJob) settleLife(now time.Time) *FieldError {
	switch {
	case !c.ExpiresAt.IsZero():
	case c.ExpiresIn == 0 && c.NotBefore.After(now):
		// A job for the day after tomorrow must not expire before its time.
		c.ExpiresAt = c.NotBefore.Add(defaultLife)
	case c.ExpiresIn == 0:
		c.ExpiresIn = defaultLife
	case !c.NotBefore.Before(now.Add(c.ExpiresIn)):
		return fieldErrorf("not_before", "is later than expires_in from now; the job could never run")
	}
	return nil
}
