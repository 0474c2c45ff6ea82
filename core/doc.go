// Package core makes the rooms of the bot and does what concerns all of them: migrations, forgetting an account, a
// chat that moved, clean-up, the export of a person's data. Each room has one purpose and a package of its own;
// docs/architecture.md is their map.
package core
