// Package matrixplayer plays people who chat on Matrix: clients with encryption, each on a device of its
// own, that fail the test when something does not happen in time. A test reads like the chat:
//
//	anna := matrixplayer.New(t, hs, "anna", matrixplayer.Options{})
//	room := anna.DM(bot)
//	anna.Say(room, "!edt demain")
//	anna.WaitFor(room, "Mathématiques")
//
// All but this comment needs the build tag goolm, which gives the encryption in pure Go.
package matrixplayer
