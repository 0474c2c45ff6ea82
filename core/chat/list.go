package chat

// Command is one entry of the command list that a platform shows.
type Command struct {
	Name string // without a slash
	Text string
}
