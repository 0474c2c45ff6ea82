package school

import (
	"context"
	"time"

	"cartable/core/secret"
)

// Login is what opens a session: a password, a token, the content of a QR code. Only the provider that made it
// can read it.
type Login struct{ secret.Stored }

// State is a session at rest. Only the provider that made it can read it.
type State struct{ secret.Stored }

// Provider is a kind of school system. Its methods may be called from several goroutines.
type Provider interface {
	// Name tells its records from those of others: "pronote".
	Name() string

	// Host tells whom a failed login troubles, as names that can be compared: the server, and the account
	// there; the account is empty where the login does not tell it.
	Host(l Login) (host, account string)

	// Open logs in. When the school gives out another login for the next time, keep is called with it before
	// the session is used, and must have it on disk when it returns nil; Open fails when keep does. It blocks
	// for the requests of one login.
	Open(ctx context.Context, l Login, keep func(ctx context.Context, next Login) error) (Session, error)

	// Resume takes up a session that was at rest. It asks nobody: whether the school still knows the session
	// shows at the first request.
	Resume(s State) (Session, error)
}

// Session is an open login. Its calls run one after the other and block for their requests; each returns
// ErrExpired once the session is over. What a provider lacks returns ErrNotOffered.
type Session interface {
	// Profile is what the login told.
	Profile() Profile
	// State is the session as it stands, to be kept.
	State() State
	// Token asks for a login without a password, to be used in place of the one that opened this session.
	Token(ctx context.Context) (Login, error)

	// Week reads the week that day is in.
	Week(ctx context.Context, pupil string, day time.Time) (Week, error)
	// Grades reads a period; an empty key means the present one.
	Grades(ctx context.Context, pupil, period string) (Grades, error)
	// Homework reads what is due between two days, both included.
	Homework(ctx context.Context, pupil string, from, to time.Time) ([]Homework, error)

	// Close logs out; the session is of no use afterwards, whatever it returns.
	Close(ctx context.Context) error
}
