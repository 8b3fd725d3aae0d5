package api

import (
	"strings"
	"testing"
)

// Text that is no Unicode is refused with the name of its field, and all that is
// Unicode is taken, however it is escaped.
func TestWholeText(t *testing.T) {
	for body, wanted := range map[string]string{
		`{"text":"\ud83d\ude00 \u0000 \\ud83d \\\\ \" \uFFFD ` + "😀" + `"}`: "",
		`{"text":"\ud83d"}`:                                 "text",
		`{"text":"\ude00\ud83d"}`:                           "text",
		`{"text":"\ud83d\ud83d\ude00"}`:                     "text",
		`{"text":"\ud83dx"}`:                                "text",
		`{"text":"\ud83d\n\ude00"}`:                         "text",
		`{"text":"\\\ud83d"}`:                               "text",
		`{"text":"` + "\xed\xa0\xbd" + `"}`:                 "text",
		`{"text":"` + "\xff" + `"}`:                         "text",
		`{"a":"b","params":{"options":["x","\uDC00"]}}`:     "params.options.1",
		`{"params":{"list":[{"text":"x"},{"t":"\uDC00"}]}}`: "params.list.1.t",
		`{"metadata":{"\ud800":"x"}}`:                       "metadata",
		`{"\ud800":"x"}`:                                    "a name",
	} {
		err := wholeText([]byte(body))
		switch {
		case wanted == "":
			if err != nil {
				t.Errorf("%s: %v", body, err)
			}
		case err == nil || problemOf(err).Code != "text_invalid":
			t.Errorf("%s: %v", body, err)
		case wanted == "a name":
			if problemOf(err).Reason != "" || !strings.Contains(err.Error(), "a name") {
				t.Errorf("%s: %v", body, err)
			}
		case problemOf(err).Reason != wanted:
			t.Errorf("%s: %v, wanted %s", body, err, wanted)
		}
	}
}
