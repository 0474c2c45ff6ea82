package pronote

import (
	"cartable/core/secret"
)

// Space is the kind of account, which PRONOTE calls espace.
type Space string

// The spaces this client can log in to.
const (
	SpacePupil  Space = "eleve"
	SpaceParent Space = "parent"
)

// Credentials are what a person types to link an account.
type Credentials struct {
	Address  Address
	Space    Space
	Username string
	Password secret.Text
}
