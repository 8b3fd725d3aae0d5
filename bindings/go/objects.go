package libwa

import "time"

// A GroupMember is a member of a group.
type GroupMember struct {
	// The member's JID.
	JID string

	// The member's phone number, digits only. Empty if it is not known.
	Phone string

	// "member", "admin" or "super_admin".
	Rank string
}

func (v *GroupMember) read(r *reader) {
	for r.next() {
		switch r.key {
		case "jid":
			v.JID = r.text()
		case "phone":
			v.Phone = r.text()
		case "rank":
			v.Rank = r.text()
		default:
			r.skip()
		}
	}
}

// A MemberOutcome is what became of a person whom a change of a group was about.
type MemberOutcome struct {
	// The person's JID.
	JID string

	// The person's phone number, digits only. Empty if it is not known.
	Phone string

	// "done", "must_be_invited", "left_lately", "already_so", "blocked_us",
	// "not_found", "group_is_full" or "refused".
	Outcome string

	// WhatsApp's code for it. Nil if there is none.
	Code *int64

	// The code for an invitation by message, for "must_be_invited". Empty if there
	// is none.
	InviteCode string

	// When that ends. The zero time if there is none.
	InviteExpiresAt time.Time
}

func (v *MemberOutcome) read(r *reader) {
	for r.next() {
		switch r.key {
		case "jid":
			v.JID = r.text()
		case "phone":
			v.Phone = r.text()
		case "outcome":
			v.Outcome = r.text()
		case "code":
			v.Code = optional(r, r.integer)
		case "invite_code":
			v.InviteCode = r.text()
		case "invite_expires_at_ms":
			v.InviteExpiresAt = r.time()
		default:
			r.skip()
		}
	}
}

// A CheckedContact says whether a phone number is on WhatsApp.
type CheckedContact struct {
	// The number that was asked for, digits only.
	Number string

	// Set if it is on WhatsApp.
	Registered bool

	// The JID to write to, whose digits may be others. Empty if it is not on WhatsApp.
	JID string

	// The LID. Empty if there is none.
	LID string
}

func (v *CheckedContact) read(r *reader) {
	for r.next() {
		switch r.key {
		case "number":
			v.Number = r.text()
		case "registered":
			v.Registered = r.boolean()
		case "jid":
			v.JID = r.text()
		case "lid":
			v.LID = r.text()
		default:
			r.skip()
		}
	}
}
