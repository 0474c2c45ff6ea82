package main

// checkConfigCmd shows the settings as the other sub-commands would understand them.
type checkConfigCmd struct{}

// Run changes nothing and opens no vault.
func (checkConfigCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	return cfg.dump(p.stdout)
}
