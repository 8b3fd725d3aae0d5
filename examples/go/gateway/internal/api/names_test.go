package api

import (
	"slices"
	"testing"
)

func TestNear(t *testing.T) {
	all := []string{"chat.read", "group.list", "group.info", "group.invite", "message.edit", "message.send"}
	for name, wanted := range map[string][]string{
		"group.lists": {"group.list"}, "mesage.edit": {"message.edit"}, "list": {"group.list"}, "Group.Info": {"group.info"},
		"messages.send": {"message.send"}, "nothing.like.it": {}, "": {},
	} {
		if found := near(name, all); !slices.Equal(found, wanted) {
			t.Errorf("%s: %q, not %q", name, found, wanted)
		}
	}
	if near("group.in", all)[0] != "group.info" {
		t.Error(near("group.in", all))
	}
}

func TestMethodOfAPath(t *testing.T) {
	for path, wanted := range map[string]string{
		"/v1/sessions/a/methods/group.lst": "group.lst", "/v1/sessions/a/methods/": "", "/v1/sessions/a/methods/x/y": "", "/v1/sessions/a/call": "", "/": "",
	} {
		if found := methodOf(path); found != wanted {
			t.Errorf("%s: %q", path, found)
		}
	}
}
