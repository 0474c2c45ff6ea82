// Command bot is the one program of Cartable: it wires the rooms together and decides nothing about a
// command. `bot --help` lists what it can do; docs/architecture.md says how it is built.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // schools are in their time zone wherever the bot runs

	"github.com/alecthomas/kong"
)

// lastResort is when the program kills itself after it was asked to stop, should anything hold it up: a container engine
// would at ten seconds. All that is stored survives that.
const lastResort = 9500 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second signal kills
		time.AfterFunc(lastResort, func() {
			fmt.Fprintln(os.Stderr, "bot: something does not end; killed")
			os.Exit(1)
		})
	})
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bot:", err)
		os.Exit(exitStatus(err))
	}
}

// statusError is a failure that a script is to tell from others.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }

func exitStatus(err error) int {
	if e, ok := errors.AsType[statusError](err); ok {
		return e.status
	}
	return 1
}

// cli is the command line. Settings come from the environment alone, so that no secret stands in a list
// of processes.
type cli struct {
	Run         runCmd         `cmd:"" help:"Serve Telegram and Matrix."`
	Demo        demoCmd        `cmd:"" help:"Chat in the terminal with a made-up school and wallet; nothing is kept."`
	Chat        chatCmd        `cmd:"" help:"Chat in the terminal over the real services and the real vault."`
	Sim         simCmd         `cmd:"" help:"Run the pretend PRONOTE and Izly servers alone."`
	CheckConfig checkConfigCmd `cmd:"" help:"Check the settings and show them, without secrets."`
	Invite      inviteCmd      `cmd:"" help:"Make an invitation code for one person."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask the running bot whether it is well."`
	Doctor      doctorCmd      `cmd:"" help:"Look the vault over and say what to do; also while the bot runs. Exit status: 0 all is well, 1 findings, 2 it cannot look."`
	Backup      backupCmd      `cmd:"" help:"Copy the vault to a file, also while the bot runs."`
	Restore     restoreCmd     `cmd:"" help:"Put a backup in the place of a vault that is not there any more."`
	Rescue      rescueCmd      `cmd:"" help:"Write what can be read of a damaged vault to a new file, for bot restore."`
	Key         keyCmd         `cmd:"" help:"Master keys of the vault."`
	Rekey       rekeyCmd       `cmd:"" help:"Change the key of the vault. The bot must be stopped."`
	Matrix      matrixCmd      `cmd:"" help:"The bot's encryption identity on Matrix."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// program is what a sub-command has to work with.
type program struct {
	environ        []string // as os.Environ gives it
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run is main without globals, so that a test can start and stop the whole program. Cancelling ctx asks
// it to stop as a signal does.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) error {
	helped := false
	parser, err := kong.New(&cli{},
		kong.Name("bot"),
		kong.Description("Cartable: timetable, grades and the Izly wallet in a chat. Settings come from the environment; README.md lists them."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }), // kong exits after printing help; we return
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		text := strings.TrimSuffix(err.Error(), `, did you mean "-h"?`) // to the library every short flag is like -h
		return errors.New(text + "; try bot --help")
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(&program{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr})
}
