package sandbox

import (
	"slices"
	"time"
)

// InterlineAccount is the state of the developer's account.
type InterlineAccount struct {
	State     int // 0 on trial, 1 open, 2 suspended, 3 closed
	Role      string
	Balance   float64 // yuan
	Overdraft float64 // yuan
}

// refuses is the code with which an account that is not open refuses its work.
func (a InterlineAccount) refuses() int {
	if a.State == 2 || a.State == 3 {
		return interlineDisabled
	}
	return interlineOK
}

// SetAccount changes the account. At the start it is open and has 100 yuan.
// Without balance and overdraft binds are refused (1110) and unbinds are not; a
// suspended or closed account is refused everything but its status (1102).
func (v *Interline) SetAccount(a InterlineAccount) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.account, v.changed = a, v.opts.Now()
}

// statusLocked is 云通信平台, 3.1 查询账号状态.
func (v *Interline) statusLocked(fields map[string]string) interlineAnswer {
	if len(fields) > 0 {
		return interlineRefusal(interlineParameter)
	}
	a := interlineRefusal(interlineOK)
	account := v.account
	if v.halted == HaltBalance {
		account.Balance, account.Overdraft = 0, 0
	}
	a.interlineStatus = &interlineStatus{
		State: account.State, Role: account.Role, Balance: account.Balance, Overdraft: account.Overdraft,
		CreateTime: v.created.UnixMilli(), UpdateTime: v.changed.UnixMilli(),
	}
	return a
}

// unbindLocked is 云通信平台, 4.2 释放中转号码绑定 and 4.4 释放中转号码转接. A call
// that is up goes on.
func (v *Interline) unbindLocked(op InterlineOp, x string, fields map[string]string) interlineAnswer {
	known, code := []string{"appid", "subid"}, interlineNoTask
	if op == InterlineUnbindXA {
		known, code = []string{"appid"}, interlineNoNumber
	}
	missing := slices.ContainsFunc(known, func(name string) bool { return fields[name] == "" })
	if missing || unknownField(fields, known...) {
		return interlineRefusal(interlineParameter)
	}
	if fields["appid"] != v.opts.AppID {
		return interlineRefusal(interlineForbidden)
	}
	if code := v.account.refuses(); code != interlineOK {
		return interlineRefusal(code)
	}
	now := v.opts.Now()
	found := false
	for _, b := range v.activeLocked() {
		if op == InterlineUnbindAXB && b.Op == InterlineBindAXB && b.SubID == fields["subid"] ||
			op == InterlineUnbindXA && b.Op == InterlineBindXA && b.X == x {
			b.Released, found = now, true
		}
	}
	v.unbinds = append(v.unbinds, InterlineUnbind{Op: op, X: x, SubID: fields["subid"], At: now, Found: found})
	if !found {
		return interlineRefusal(code)
	}
	v.changed = now
	return interlineRefusal(interlineOK)
}

// activeLocked are the bindings that neither their ttl nor an unbind has ended.
func (v *Interline) activeLocked() []*InterlineBinding {
	now := v.opts.Now()
	v.active = slices.DeleteFunc(v.active, func(b *InterlineBinding) bool { return !b.activeAt(now) })
	return v.active
}

// activeAt: the ttl's last instant is no longer part of it.
func (b *InterlineBinding) activeAt(t time.Time) bool {
	return b.Released.IsZero() && (b.Until.IsZero() || t.Before(b.Until))
}
