package libwa

import "testing"

func TestIsSameNumber(t *testing.T) {
	for _, c := range []struct {
		number, account string
		same            bool
	}{
		{"+1 (555) 000-1234", "15550001234", true},
		{"+55 11 98765-4321", "551187654321", true},
		{"+55 11 8765-4321", "5511987654321", true},
		{"+1 555 000 1235", "15550001234", false},
		{"+54 11 98765-4321", "551187654321", false},
		{"5", "15550001234", false},
		{"", "15550001234", false},
	} {
		if same := isSameNumber(c.number, c.account); same != c.same {
			t.Errorf("%s and %s: %v", c.number, c.account, same)
		}
	}
}
