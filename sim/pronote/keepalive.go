package pronote

// keepAlive is Presence or Navigation, each in its own releases (pronote-today §5.7).
func (c *call) keepAlive() (object, *refusal) {
	if c.name != c.srv.dialect.keepAlive {
		c.srv.violation("%s: %s keeps sessions of %s alive", c.name, c.srv.dialect.keepAlive, c.srv.dialect.version)
		return nil, refuse(codeCannotShow)
	}
	return object{}, nil
}

func (c *call) logout() (object, *refusal) {
	c.ses.end()
	return object{}, nil
}
