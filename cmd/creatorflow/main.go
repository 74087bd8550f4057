// Command creatorflow is the hub: one binary, one port, one data folder.
//
// This package is thin: it reads flags, puts parts together and turns errors into exit codes. What
// the program does is in the rooms that ARCHITECTURE.md names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/creatorflow/creatorflow/cmd/creatorflow/drills"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/eventlog"
)

// version is set by the build.
var version = "dev"

// Exit codes beyond 0.
const (
	exitFailure = 1
	exitUsage   = 2
	exitNotRun  = 3  // a drill that this machine lacks something for: it has not passed
	exitFenced  = 75 // the log is fenced: the supervisor must start the process anew
)

type cli struct {
	Serve   serveCommand    `cmd:"" help:"Run the hub on a data folder."`
	Demo    demoCommand     `cmd:"" help:"Run the hub with a simulated TikTok Shop that replays a real order log."`
	Connect connectCommand  `cmd:"" help:"Connect a shop: to the running server, else to the data folder."`
	Back    backFillCommand `cmd:"" name:"back-fill" help:"Read older orders of a shop, or say how that fares."`
	Doctor  doctorCommand   `cmd:"" help:"Examine the connected shops and say what mends each thing that is wrong."`
	Sim     simCommand      `cmd:"" help:"Run a channel's simulator."`
	Verify  verifyCommand   `cmd:"" help:"Recompute the log's integrity and compare the views with a rebuild."`
	Rebuild rebuildCommand  `cmd:"" help:"Build the views anew beside the serving ones, then switch."`
	Move    moveCommand     `cmd:"" help:"Take log and vault from files to a database or back; the old place ends for good."`
	Drill   drills.Command  `cmd:"" help:"Break the hub on purpose and check what it promises."`
	Bench   benchCommand    `cmd:"" help:"Measure the hub and print each figure beside its requirement."`
	Key     keyCommand      `cmd:"" help:"Make, list and revoke API keys."`
	User    userCommand     `cmd:"" help:"Make users and print one-time links."`
	Version versionCommand  `cmd:"" help:"Print the version."`
}

// console is where commands print.
type console struct {
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program but for the process's end.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var flags cli
	code, ended := 0, false
	parser, err := kong.New(&flags,
		kong.Name("creatorflow"),
		kong.Description("Sell on many channels with one stock. Start with: creatorflow demo"),
		kong.DefaultEnvars("CREATORFLOW"),
		kong.Writers(out, errs),
		kong.Exit(func(c int) { code, ended = c, true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(console{out: out, err: errs}),
		kong.Bind(drills.Console{Out: out, Err: errs, Version: version}),
		kong.BindTo(out, (*io.Writer)(nil)),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return say(errs, exitFailure, fmt.Errorf("read the flags: %w", err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	switch {
	case ended: // help was printed
		return code
	case err != nil:
		return say(errs, exitUsage, fmt.Errorf("%w. Run: creatorflow --help", err))
	}
	err = chosen.Run()
	var lacking drill.NotRun
	switch {
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 0
	case errors.Is(err, eventlog.ErrFenced):
		return say(errs, exitFenced, err)
	case errors.As(err, &lacking):
		return say(errs, exitNotRun, err)
	}
	return say(errs, exitFailure, err)
}

func say(errs io.Writer, code int, err error) int {
	_, _ = fmt.Fprintln(errs, "creatorflow:", err) // nowhere left to report a broken terminal
	return code
}

type versionCommand struct{}

func (versionCommand) Run(c console) error {
	_, err := fmt.Fprintln(c.out, "creatorflow", version)
	return err
}
