package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// finding is something wrong, in a sentence, and what to do about it.
type finding struct{ what, advice string }

// What to do about what occurs in several findings.
const (
	adviceDamage = "Keep a copy of the file as it is now, and restore the last backup from before. Without one, let the people concerned link their accounts again: what is written anew is whole. Others are not concerned."
	adviceRescue = "Move the file away and keep it, then `bot restore` puts the last backup back. Without one, `bot rescue FILE` writes what can be read to a new file, before the old one is moved, and `bot restore FILE` takes that."
	adviceNewer  = "Run the version of the program that wrote them; to go back, restore the copy from before it."
)

// leastRoom is what a disk should have beside the room for two more vaults, which a backup and a conversion take.
const leastRoom = 64 << 20

// clockSlack is how far a clock may be behind a file of the same machine: nothing measures that precisely.
const clockSlack = time.Minute

func (e *examination) findings() (found []finding) {
	add := func(advice, what string, args ...any) {
		found = append(found, finding{fmt.Sprintf(what, args...), advice})
	}
	if len(e.pages) > 0 {
		add(adviceRescue, "The file is damaged below its records, on page %d (%s) and %s. The bot does not start on it: to write to it could destroy what is whole. What is told here is of what can still be read.",
			e.pages[0].Page, e.pages[0].What, others(len(e.pages)-1))
	}
	if e.older {
		add("Who did something in the minutes before the bot last stopped should look whether it is there. The next changes mend the file.",
			"One of the two heads of the file is damaged: the last change may be lost.")
	}
	for _, l := range e.losses {
		advice := adviceDamage + " `bot rekey`, with the bot stopped, counts anew when nothing more is to be had."
		switch name := inText(l.Bucket); {
		case l.Want >= 0 && l.Have < l.Want:
			add(advice, "%s has lost records: %d are there of %d.", name, l.Have, l.Want)
		case l.Want >= 0:
			add(advice, "%s has %d records, and should have %d.", name, l.Have, l.Want)
		case l.Have > 0:
			add(advice, "%s may have lost records: %d are there, and how many there should be is lost.", name, l.Have)
		default:
			add(advice, "A whole table may be lost; nothing is left to tell which.")
		}
	}
	for _, t := range e.tables {
		name := inText(t.name)
		if t.damaged > 0 {
			add(adviceDamage, "%s has damaged records: %d cannot be opened.", name, t.damaged)
		}
		if t.cutOff {
			add(adviceDamage, "%s could not be gone through to its end: the file is damaged there.", name)
		}
		if n := t.versions[0]; n > 0 && versioned(t.name) {
			add(adviceDamage, "%s has records that are whole and make no sense: %d.", name, n)
		}
		if t.newer > 0 {
			add(adviceNewer, "%s has records that are newer than this program: %d.", name, t.newer)
		}
		if t.orphans > 0 {
			add("They are of no use and do no harm. If accounts are damaged or lost, see there; if not, please report it.",
				"%s has records of accounts that are not there: %d.", name, t.orphans)
		}
	}
	known := knownSteps()
	for _, list := range slices.Sorted(maps.Keys(e.had)) {
		if e.had[list] > known[list] {
			add(adviceNewer, "A newer version of the program has changed the vault: step %d of %q, this one knows %d.", e.had[list], list, known[list])
		}
	}
	if e.lostSteps > 0 {
		add("They count as had: nothing is done twice. There is nothing to do.", "Records of steps that the vault has had cannot be read: %d.", e.lostSteps)
	}
	if e.disk >= 0 && e.disk < 2*e.file+leastRoom {
		add("Make room on it. A full disk loses nothing, but nothing new can be written then.",
			"The disk is nearly full: %s are free.", size(e.disk))
	}
	if e.now.Add(clockSlack).Before(e.newest) {
		add("Set the clock, best by NTP. A wrong one spoils one-time passwords and what is due when.",
			"The clock is wrong: it says %s, and %s at %s.", stamp(e.now), e.newestOf, stamp(e.newest))
	}
	return found
}

// others counts more of them.
func others(n int) string {
	switch n {
	case 0:
		return "no other"
	case 1:
		return "1 other"
	default:
		return fmt.Sprintf("%d others", n)
	}
}

func (e *examination) print(w io.Writer, findings []finding) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "%s: %s", e.path, size(e.file))
	if e.free >= 0 {
		fmt.Fprintf(out, ", of which %s are free", size(e.free))
	}
	fmt.Fprintf(out, "; format %d", e.format)
	if e.format == 1 {
		out.WriteString(", which the next start of the bot brings up to date")
	}
	out.WriteString(".\n")
	if e.running {
		out.WriteString("A bot uses it; this is of a copy that it gave, without what is free in the file.\n")
	}
	out.WriteString("\n")
	e.printTables(out)
	for _, list := range slices.Sorted(maps.Keys(e.had)) {
		fmt.Fprintf(out, "Steps of %s that it has had: %d.\n", list, e.had[list])
	}
	if e.disk >= 0 {
		fmt.Fprintf(out, "Free on the disk: %s.\n", size(e.disk))
	}
	fmt.Fprintf(out, "The clock says %s.\n\n", stamp(e.now))
	if len(findings) == 0 {
		out.WriteString("All is well.\n")
	}
	for _, f := range findings {
		fmt.Fprintf(out, "- %s\n  %s\n", f.what, f.advice)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (e *examination) printTables(out *strings.Builder) {
	if len(e.tables) == 0 {
		out.WriteString("There are no records.\n")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "table\trecords\tsize\tversions")
	for _, t := range e.tables {
		name := t.name
		if name == "" {
			name = "?"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", name, t.records, size(t.bytes), t.versionsSeen())
	}
	_ = w.Flush() // a Builder takes everything
	out.WriteString("\n")
}

// versionsSeen lists the versions of the records, with how many there are of each if they differ.
func (t *table) versionsSeen() string {
	if !versioned(t.name) {
		return "-"
	}
	var seen []string
	for _, version := range slices.Sorted(maps.Keys(t.versions)) {
		text := fmt.Sprint(version)
		if version == 0 {
			text = "none"
		}
		if len(t.versions) > 1 {
			text += fmt.Sprintf(" (%d)", t.versions[version])
		}
		seen = append(seen, text)
	}
	return strings.Join(seen, ", ")
}

// inText is how a sentence begins that is about a table.
func inText(table string) string {
	if table == "" {
		return "A table whose name is lost"
	}
	return "Table " + table
}

// size is a number of bytes for people.
func size(bytes int64) string {
	const unit = 1024
	if bytes < unit {
		return fmt.Sprintf("%d B", bytes)
	}
	value, units := float64(bytes)/unit, []string{"KiB", "MiB", "GiB"}
	for value >= unit && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }
