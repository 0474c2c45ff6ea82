package izly

import "time"

// dateLayout is the form of DATE and LUD: no zone, taken as French local time (izly-today §3, §5.1).
const dateLayout = "02-01-2006 15:04:05"

// readDate gives the zero time for a date that is missing or in another form: an operation without its
// date is still worth showing.
func readDate(text string, in *time.Location) time.Time {
	at, err := time.ParseInLocation(dateLayout, text, in)
	if err != nil {
		return time.Time{}
	}
	return at
}
