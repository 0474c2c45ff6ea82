package pronote

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"cartable/core/school"
	"cartable/core/visible"
)

// homeworkReply is the answer to PageCahierDeTexte under the homework tab, pronote-today §7.2.
type homeworkReply struct {
	ListeTravauxAFaire value[[]homeworkInfo]
}

type homeworkInfo struct {
	Descriptif text `json:"descriptif"`
	PourLe     text
	DonneLe    text
	Fait       truth `json:"TAFFait"`
	Matiere    value[element]
	Files      value[[]attachmentInfo] `json:"ListePieceJointe"`
}

type attachmentInfo struct {
	element
	URL text `json:"url"`
}

// Homework asks for what a pupil has to do for the days from to to, both included: one request, or none when
// no such day is in the school year. The result is in order of the day it is due.
func (s *Session) Homework(ctx context.Context, key string, from, to time.Time) ([]school.Homework, error) {
	who, err := s.family.pupil(fnHomework, tabHomework, key)
	if err != nil {
		return nil, err
	}
	from, to = midnight(from, s.client.loc), midnight(to, s.client.loc)
	first, last := max(s.establishment.week(from), 1), min(s.establishment.week(to), s.establishment.lastWeek())
	if last < first {
		return nil, nil
	}
	var weeks []int
	for n := first; n <= last; n++ {
		weeks = append(weeks, n)
	}
	data := map[string]any{"domaine": tagged{typeDomain, encodeDomain(weeks)}}
	var reply homeworkReply
	err = s.ask(ctx, query{op: fnHomework, tab: tabHomework, pupil: who, data: data}, &reply)
	if err != nil {
		return nil, err
	}
	work, err := reply.homework(s.client.loc)
	if err != nil {
		return nil, &ReplyError{fnHomework, err.Error()}
	}
	return slices.DeleteFunc(work, func(h school.Homework) bool { // the answer has whole weeks
		return h.Due.Before(from) || h.Due.After(to)
	}), nil
}

func (r homeworkReply) homework(loc *time.Location) ([]school.Homework, error) {
	if !r.ListeTravauxAFaire.Set {
		return nil, errors.New("ListeTravauxAFaire is missing")
	}
	var all []school.Homework
	keys := uniqueKeys{}
	for _, info := range r.ListeTravauxAFaire.V {
		due, err := decodeDate(string(info.PourLe), loc)
		if err != nil {
			return nil, errors.New("homework without a day")
		}
		h := school.Homework{
			Subject: info.Matiere.V.L.name(), Due: midnight(due, loc),
			Text: visible.Text(plainText(string(info.Descriptif))), Done: bool(info.Fait),
		}
		if given, err := decodeDate(string(info.DonneLe), loc); err == nil {
			h.Given = midnight(given, loc)
		}
		for _, f := range info.Files.V {
			if name := cmp.Or(f.L.name(), shownAddress(string(f.URL))); name != "" {
				h.Attachments = appendName(h.Attachments, name)
			}
		}
		h.Key = keys.of("homework", h.Subject, h.Due.Format(time.DateOnly), h.Text, strconv.Itoa(len(h.Attachments)))
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b school.Homework) int { return a.Due.Compare(b.Due) })
	return all, nil
}
