package pronote

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"cartable/core/pronote/cipher"
	"cartable/core/school"
	"cartable/core/secret"
)

// record is what a school.State holds.
type record struct {
	Format  int                      `json:"format"`
	Root    Address                  `json:"root"`
	Space   Space                    `json:"space"`
	Guise   string                   `json:"guise,omitempty"`
	Dialect string                   `json:"dialect"`
	Codec   cipher.Codec             `json:"codec"`
	Kind    string                   `json:"kind"` // the page's a
	ID      secret.Stored            `json:"id"`
	Key     secret.Stored            `json:"key"` // hex, like IV
	IV      secret.Stored            `json:"iv"`
	Next    int                      `json:"next"`
	Dead    bool                     `json:"dead,omitempty"`
	Cookies map[string]secret.Stored `json:"cookies,omitempty"`
	School  establishment            `json:"school"`
	Family  family                   `json:"family"`
}

// stateFormat changes with record.
const stateFormat = 1

// State gives the session for storing. It does not wait for a request in flight. It holds the session's keys, but
// no password and no token. Take it anew after every call, because requests are counted: resuming an old State
// costs a login.
func (s *Session) State() school.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := record{
		Format: stateFormat, Root: s.root, Space: s.space, Guise: s.transport.guise.name,
		Dialect: s.channel.dialect.name, Codec: s.channel.codec, Kind: s.channel.space,
		ID: secret.Store(s.channel.id), Key: storeHex(s.channel.key), IV: storeHex(s.channel.iv),
		Next: s.channel.next, Dead: s.dead, Cookies: s.transport.jar.stored(),
		School: s.establishment, Family: s.family,
	}
	b, _ := json.Marshal(r) // cannot fail: texts, numbers, and dates of four-digit years
	return school.State{Stored: secret.Store(secret.New(string(b)))}
}

// Resume continues a stored session without asking the server whether it still lives: the first call tells. A
// State that this client cannot read is ErrBadState.
func (c *Client) Resume(st school.State) (*Session, error) {
	var r record
	if json.Unmarshal([]byte(st.Reveal()), &r) != nil {
		return nil, ErrBadState
	}
	d, known := dialectNamed(r.Dialect)
	g, knownGuise := guiseNamed(r.Guise)
	key, errKey := hex.DecodeString(r.Key.Reveal())
	iv, errIV := hex.DecodeString(r.IV.Reveal())
	u, errURL := url.Parse(string(r.Root))
	if r.Format != stateFormat || !known || !knownGuise || errKey != nil || errIV != nil || errURL != nil ||
		len(key) == 0 || len(iv) != ivLength || r.Next < 1 || !isDigits(r.ID.Reveal()) || !isDigits(r.Kind) {
		return nil, ErrBadState
	}
	s := &Session{
		client: c, transport: newTransport(c, u.Hostname(), g), root: r.Root, space: r.Space,
		establishment: r.School.in(c.loc), family: r.Family.in(c.loc),
		busy: make(chan struct{}, 1), dead: r.Dead,
		channel: channel{
			dialect: d, codec: r.Codec, space: r.Kind, id: r.ID.Text,
			key: secret.New(string(key)), iv: secret.New(string(iv)), next: r.Next,
		},
	}
	for name, value := range r.Cookies {
		s.transport.jar.cookies[name] = value
	}
	return s, nil
}

func storeHex(t secret.Text) secret.Stored {
	return secret.Store(secret.New(hex.EncodeToString([]byte(t.Reveal()))))
}

// Profile tells what the login said. It makes no request. The caller owns the result.
func (s *Session) Profile() school.Profile {
	profile := school.Profile{
		Name: s.family.Holder, School: s.establishment.Name, Version: s.establishment.Version,
		FirstDay: s.establishment.First, LastDay: s.establishment.Last, Holidays: slices.Clone(s.establishment.Holidays),
	}
	for _, p := range s.family.Pupils {
		profile.Pupils = append(profile.Pupils, p.public())
	}
	return profile
}

// WeekNumber is PRONOTE's number of day's week, which Week.Number also gives. Weeks before the school year
// have numbers below 1.
func (s *Session) WeekNumber(day time.Time) int {
	return s.establishment.week(midnight(day, s.client.loc))
}
