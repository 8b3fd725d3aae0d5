package phonenumber

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	for text, wanted := range map[string]string{
		"+1234567890":          "+1234567890",
		" +1 (234) 567-890 ":   "+1234567890",
		"+44 20 7946 0018":     "+442079460018",
		"+385 1 2345 678":      "+38512345678",
		"+49\u00a030/12345678": "+493012345678",
	} {
		if got, err := Parse(text); got != wanted || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, reason := range map[string]string{
		"":                                Missing,
		"+44 (0)20 7946 0018":             TrunkPrefix,
		"+44(0) 20 7946 0018":             TrunkPrefix,
		"+44 ( 0 ) 20 7946 0018":          TrunkPrefix,
		"+44\u00a0(\u00a00\u00a0)20 7946": TrunkPrefix,
		"   ":                             Missing,
		"1234567890":                      MissingCountryCode,
		"0049301234567":                   MissingCountryCode,
		"+0493012345":                     MissingCountryCode,
		"+":                               TooShort,
		"+123456":                         TooShort,
		"+1234567890123456":               TooLong,
		"+1234567890x":                    NotDigits,
		"+1234+567890":                    NotDigits,
		"+1234567\r\n890":                 NotDigits,
		"+\u0661\u0662345678":             NotDigits,
		"+2151234567":                     UnknownCountryCode,
		"+9991234567":                     UnknownCountryCode,
		"+" + string(make([]byte, 70)):    TooLong,
	} {
		_, err := Parse(text)
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Reason != reason || wrong.Text == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMask(t *testing.T) {
	for text, wanted := range map[string]string{"+1234567890": "+12*****890", "+12345": "******", "": ""} {
		if got := Mask(text); got != wanted {
			t.Errorf("%q: %q", text, got)
		}
	}
}
