package family

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/tries"
)

// Linked is an account that has just been linked.
type Linked struct {
	Account  string // its ID
	Known    bool   // it was linked before and keeps its ID
	Profile  school.Profile
	Same     string // tells accounts apart: two that are the same have the same one; "" when that cannot be told
	Password bool   // a password is kept; else a token
}

// Same tells whose a login is: two logins of one account give the same text, which hides both. It is "" when the
// login does not tell its account.
func Same(p school.Provider, l school.Login) string {
	host, name := p.Host(l)
	if host == "" || name == "" {
		return ""
	}
	return hash("same", p.Name(), host, name)
}

// Link logs in at the word of a person, who is by, and keeps the account. One of among, the accounts of the same person, that is the same is linked anew
// and keeps its ID, even if its record cannot be read. also is in the transaction that makes the account, and undoes
// it with an error. When Link fails, nothing is changed but the pauses and the count of tries.
//
// It makes the requests of one login. The errors are *PausedError, *tries.HeldError, those of core/school and of the provider, the
// store's and also's.
func (f *Family) Link(ctx context.Context, by, provider string, l school.Login, among []string, also func(store.Tx, Linked) error) (Linked, error) {
	p, err := f.provider(provider)
	if err != nil {
		return Linked{}, err
	}
	if err := mayAsk(f, pauseOf(p, l)); err != nil {
		return Linked{}, err
	}
	limits, err := limits(f, by, p, l, among)
	if err != nil {
		return Linked{}, err
	}
	id, err := store.NewID(f.cfg.Rand)
	if err != nil {
		return Linked{}, err
	}
	try, err := counts(f).Begin(limits...)
	if err != nil {
		return Linked{}, err
	}
	kept := login{Secret: l}
	session, err := open(f, ctx, p, l, func(next school.Login) error {
		kept = login{next, true}
		return keepCandidate(f, id, candidate{provider, next, f.cfg.Now()})
	})
	if err == nil {
		var linked Linked
		if linked, err = adopt(f, ctx, p, id, l, kept, session, try, among, also); err == nil {
			return linked, nil
		}
		f.close(ctx, session)
	}
	if stopFor(err) == "" {
		err = errors.Join(err, try.Back())
	}
	if kept.Given {
		err = errors.Join(err, f.cfg.Store.Update(func(tx store.Tx) error { return candidates.Delete(tx, "", id) }))
	}
	return Linked{}, err
}

func keepCandidate(f *Family, id string, c candidate) error {
	return f.cfg.Store.Update(func(tx store.Tx) error {
		return errors.Join(candidates.Put(tx, "", id, c), due.Note(tx, c.Since.Add(candidateLife), dueCandidate+"\x00"+id))
	})
}

// adopt makes an account of a session that used has opened.
func adopt(f *Family, ctx context.Context, p school.Provider, candidateID string, used school.Login, kept login, session school.Session, try *tries.Try, among []string, also func(store.Tx, Linked) error) (Linked, error) {
	linked := Linked{Account: candidateID, Profile: session.Profile(), Same: Same(p, kept.Secret), Password: !kept.Given}
	if known, err := f.among(linked.Same, among); err != nil {
		return Linked{}, err
	} else if known != "" {
		linked.Account = known
		release, err := alone(f, ctx, known)
		switch {
		case err == nil:
			defer release()
		case !errors.Is(err, ErrGone): // one that cannot be read has no request in flight
			return Linked{}, err
		}
	}
	now := f.cfg.Now()
	r := record{
		Provider: p.Name(), Login: kept, Profile: linked.Profile, State: atRest(session), LoggedIn: now, Used: now,
		Generation: 1,
	}
	done := linked
	if err := f.cfg.Store.Update(func(tx store.Tx) error {
		done = linked
		r := r
		if err := inherit(tx, &done, &r, candidateID); err != nil {
			return err
		}
		if err := errors.Join(
			accounts.Put(tx, "", done.Account, r), sames.Put(tx, "", done.Account, same{done.Same}),
			candidates.Delete(tx, "", candidateID), try.Worked(tx), lift(tx, now, pauseOf(p, used)),
		); err != nil {
			return fmt.Errorf("family: store account: %w", err)
		}
		if also == nil {
			return nil
		}
		return also(tx, done)
	}); err != nil {
		return Linked{}, err
	}
	f.written(done.Account)
	return done, nil
}

// inherit looks for the account that is linked anew. One that was forgotten meanwhile is not: a new one takes the
// ID of the candidate.
func inherit(tx store.Tx, linked *Linked, r *record, candidateID string) error {
	if linked.Account == candidateID {
		return nil
	}
	old, found, err := accounts.Get(tx, "", linked.Account)
	switch {
	case errors.Is(err, store.ErrUnreadable):
		r.Generation = int(r.LoggedIn.Unix()) // above any that counted up
		linked.Known = true
	case err != nil:
		return err
	case found:
		r.Generation = old.Generation + 1
		linked.Known = true
	default:
		linked.Account = candidateID
	}
	return nil
}

// among finds the account that is the same, by what stands apart from its record.
func (f *Family) among(who string, ids []string) (known string, err error) {
	if who == "" {
		return "", nil
	}
	err = f.cfg.Store.View(func(tx store.Tx) error {
		known = ""
		for _, id := range ids {
			s, _, err := sames.Get(tx, "", id)
			if err != nil && !errors.Is(err, store.ErrUnreadable) {
				return err
			}
			if s.Same == who {
				known = id
				return nil
			}
		}
		return nil
	})
	return known, err
}

// closeTimeout bounds a logout: nobody waits for the school to say goodbye.
const closeTimeout = 3 * time.Second

// close logs a session out that nobody will use, as well as that can be done.
func (f *Family) close(ctx context.Context, s school.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	began := time.Now()
	err := s.Close(ctx)
	f.cfg.Observe("logout", time.Since(began), err)
}
