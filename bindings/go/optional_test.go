package libwa_test

import (
	"encoding/json"
	"testing"

	"github.com/libwa/libwa/bindings/go"
)

// An optional setting is left as it is, switched on or switched off; what WhatsApp
// does not say of a group is nil.
func TestOptionalValuesCanBeFalse(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	ctx := limited(t)
	member := newPhone(t, nil)
	group, err := client.GroupCreate(ctx, libwa.GroupCreateParams{Subject: "Settings", Members: []string{member.Number}, Announcement: libwa.Ptr(true), Locked: libwa.Ptr(false)})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		change               libwa.GroupSettingsParams
		announcement, locked bool
	}{
		{libwa.GroupSettingsParams{Locked: libwa.Ptr(true)}, true, true},
		{libwa.GroupSettingsParams{Announcement: libwa.Ptr(false)}, false, true},
		{libwa.GroupSettingsParams{Locked: libwa.Ptr(false), Announcement: libwa.Ptr(true)}, true, false},
		{libwa.GroupSettingsParams{Announcement: libwa.Ptr(false), ExpirationS: libwa.Ptr(int64(0))}, false, false},
	} {
		step.change.Chat = group.Chat
		if err := client.GroupSettings(ctx, step.change); err != nil {
			t.Fatal(err)
		}
		info, err := client.GroupInfo(ctx, libwa.GroupInfoParams{Chat: group.Chat})
		if err != nil || info.Announcement != step.announcement || info.Locked != step.locked {
			t.Errorf("after %+v: %+v, %v", step.change, info, err)
		}
	}
	// The answer says who may add, and false is not nil; it does not say who may see the link.
	for _, may := range []bool{false, true} {
		if err := client.GroupSettings(ctx, libwa.GroupSettingsParams{Chat: group.Chat, AllMayAdd: &may}); err != nil {
			t.Fatal(err)
		}
		info, err := client.GroupInfo(ctx, libwa.GroupInfoParams{Chat: group.Chat})
		if err != nil || info.AllMayAdd == nil || *info.AllMayAdd != may || info.AllMayInvite != nil {
			t.Errorf("after all_may_add %v: %s, %v", may, text(t, info), err)
		}
	}
}

// text gives a value with what its pointers point to.
func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
