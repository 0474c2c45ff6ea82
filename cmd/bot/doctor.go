package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"cartable/core"
	"cartable/core/store"
	"cartable/vault"
)

// doctorCmd looks the vault over and changes nothing.
type doctorCmd struct{}

// cannotLook is the exit status when there is nothing to say about the vault; findings are 1, as any other failure.
const cannotLook = 2

// Run looks at the vault or, while a bot uses it, at a copy that the bot gives. The error is that there are
// findings, which were printed, or that it could not look.
func (doctorCmd) Run(ctx context.Context, p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return statusError{cannotLook, err}
	}
	e, err := cfg.examine(ctx, cfg.logger(p.stderr, slog.LevelWarn))
	if err != nil {
		return statusError{cannotLook, err}
	}
	findings := e.findings()
	if err := e.print(p.stdout, findings); err != nil {
		return statusError{cannotLook, err}
	}
	switch len(findings) {
	case 0:
		return nil
	case 1:
		return errors.New("1 finding")
	default:
		return fmt.Errorf("%d findings", len(findings))
	}
}

// examination is what was seen.
type examination struct {
	path       string
	running    bool               // a bot uses the vault, and this is of a copy
	pages      []vault.PageDamage // not empty: this is of what was found besides
	older      bool               // the last change may be lost
	format     int
	file, free int64    // bytes
	tables     []*table // by name
	losses     []vault.Loss
	had        map[string]int // steps by list
	lostSteps  int            // lists whose number cannot be read
	disk       int64          // bytes free, -1 if the system does not say
	now        time.Time
	newest     time.Time // the latest time of what is there already
	newestOf   string
}

// table is what was seen of a bucket, or of several that are one table to people.
type table struct {
	name     string
	records  int // damaged ones too
	bytes    int64
	damaged  int
	cutOff   bool
	versions map[int]int // records by version; 0: they are not of the form that has one
	newer    int
	orphans  int // records of an account that is not there
}

func (c config) examine(ctx context.Context, log *slog.Logger) (e *examination, err error) {
	if err := c.needVault(); err != nil {
		return nil, err
	}
	e = &examination{path: c.vaultPath(), now: time.Now(), disk: diskFree(c.data)}
	if err := e.lookAtTimes(); err != nil { // before anything is opened
		return nil, err
	}
	v, err := c.openToRead(log)
	switch {
	case errors.Is(err, vault.ErrLocked):
		e.running = true
		v, err = c.openBorrowed(ctx, log)
	case errors.Is(err, vault.ErrPages):
		v, e.pages, err = c.openRescued(log)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return e, e.lookAt(v)
}

// openBorrowed opens a copy of the vault that the running bot gives.
func (c config) openBorrowed(ctx context.Context, log *slog.Logger) (*vault.Vault, error) {
	source, err := borrowCopy(ctx, c.lenderPath())
	if err != nil {
		return nil, fmt.Errorf("the bot that uses the vault gives no copy to look at; stop it, and try again: %w", err)
	}
	defer source.Close()
	key, err := c.vaultKey(log)
	if err != nil {
		return nil, err
	}
	return vault.OpenCopy(source, c.data, key)
}

// openRescued opens what is left of a vault with damaged pages.
func (c config) openRescued(log *slog.Logger) (*vault.Vault, []vault.PageDamage, error) {
	key, err := c.vaultKey(log)
	if err != nil {
		return nil, nil, err
	}
	return vault.OpenRescued(c.vaultPath(), key)
}

// lookAtTimes finds the latest time that has certainly been.
func (e *examination) lookAtTimes() error {
	info, err := os.Stat(e.path)
	if err != nil {
		return err
	}
	e.newest, e.newestOf = info.ModTime(), "the vault was written"
	build, ok := debug.ReadBuildInfo()
	for i := 0; ok && i < len(build.Settings); i++ {
		at, err := time.Parse(time.RFC3339, build.Settings[i].Value)
		if build.Settings[i].Key == "vcs.time" && err == nil && at.After(e.newest) {
			e.newest, e.newestOf = at, "this program was made"
		}
	}
	return nil
}

func (e *examination) lookAt(v *vault.Vault) error {
	e.format, e.losses, e.older = v.Format(), lossesByTable(v), v.LastChangeLost()
	accounts, err := accountsOf(v)
	if err != nil {
		return err
	}
	if e.had, e.lostSteps, err = store.Had(v); err != nil {
		return err
	}
	tables := map[string]*table{}
	of := func(bucket string) *table {
		name := tableOf(bucket)
		if tables[name] == nil {
			tables[name] = &table{name: name, versions: map[int]int{}}
		}
		return tables[name]
	}
	report, err := v.Verify(func(bucket, group, name string, value []byte) error {
		of(bucket).add(bucket, group, name, value, accounts)
		return nil
	})
	if err != nil {
		return err
	}
	if e.file, e.free = report.File, report.Free; e.running || len(e.pages) > 0 {
		e.free = -1 // a copy has the size of its content
	}
	for _, b := range report.Buckets {
		t := of(b.Bucket)
		t.records += b.Records + b.Damaged
		t.bytes += b.Bytes
		t.damaged += b.Damaged
		t.cutOff = t.cutOff || b.CutOff
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		e.tables = append(e.tables, tables[name])
	}
	return nil
}

func (t *table) add(bucket, group, name string, value []byte, accounts map[string]bool) {
	version, _ := store.Version(value)
	t.versions[version]++
	if version > newestVersion {
		t.newer++
	}
	if account, ok := accountOf(bucket, group, name); ok && !accounts[account] {
		t.orphans++
	}
}

// tableOf is the name of a bucket's table: Matrix has a bucket for each room and key, whose names are nobody's business.
func tableOf(bucket string) string {
	parts := strings.SplitN(bucket, ".", 4)
	if len(parts) < 4 {
		return bucket
	}
	return strings.Join(parts[:3], ".") + ".*"
}

// accountsTable has the accounts: the group is the owner, the name the ID.
const accountsTable = "accounts"

func accountsOf(v *vault.Vault) (accounts map[string]bool, err error) {
	accounts = map[string]bool{}
	err = v.View(func(tx vault.Tx) error {
		_, err := tx.All(accountsTable, func(_, name string, _ []byte) error {
			accounts[name] = true
			return nil
		})
		return err
	})
	return accounts, err
}

// accountOf tells of which account a record is, if it has no sense without one.
func accountOf(bucket, group, name string) (account string, ok bool) {
	switch bucket {
	case "school_accounts", "wallets":
		return name, true
	case "readings", "orders", "subscriptions", "seen", "account_grants":
		return group, true
	}
	return "", false
}

// newestVersion is the newest version of records that this program knows: no table has an upgrade yet.
const newestVersion = 1

// knownSteps is how many steps of each list this program knows.
func knownSteps() map[string]int { return map[string]int{core.StepsName: len(core.Steps())} }

// versioned tells whether the records of a table have the form of core/store: all but those of the platforms.
func versioned(bucket string) bool {
	platform, _, _ := strings.Cut(bucket, ".")
	return platform != "matrix" && platform != "telegram"
}
