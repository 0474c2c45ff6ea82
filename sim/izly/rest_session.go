package izly

// logonLight refreshes (izly-today §2.4 b). Its credentials travel in headers.
func (s *Server) logonLight(a *account, c restCall) (any, error) {
	if a.blocked {
		return nil, errBlocked
	}
	if c.header.Get("password") != a.SecretCode {
		return nil, s.failed(a, errWrongCode)
	}
	if err := s.checkPassOTP("LogonLight", a, c.header.Get("passOTP")); err != nil {
		return nil, err
	}
	d := a.device
	s.renew(d)
	result := object{
		"SessionId": d.sid, "NSSE": nil, "UserStatus": 3, "HasNewActu": false,
		"Tokens": object{
			"AccessToken": d.token, "RefreshToken": d.refreshToken,
			"ExpiresIn": int(sessionLife.Seconds()), "TokenType": "bearer",
		},
	}
	if d.nsse != "" {
		result["NSSE"] = d.nsse
	}
	// Here the balance was seen as text.
	up := object{"BAL": decimal(a.balance), "CASHBAL": decimal(0), "LUD": s.stamp(a.updated)}
	return object{"Result": result, "UP": up}, nil
}

func (s *Server) isSessionValid(a *account, c restCall) (any, error) {
	if err := s.checkSID("IsSessionValid", a.device, c.body.SessionID); err != nil {
		return nil, err
	}
	return object{"Result": true, "UP": s.restUP(a)}, nil
}

func (s *Server) logonInfos(a *account, _ restCall) (any, error) {
	return object{"Result": object{
		"UserId": a.userID, "UserIdentifier": a.Phone, "Alias": a.first, "Email": a.email,
		"FirstName": a.first, "LastName": a.last, "Currency": "EUR", "Age": 20, "ZipCode": "69007",
		"Crous": "07", "CrousName": "CROUS EXEMPLE", "CategoryUserId": 1, "TarifUserId": 1, "Banks": []int{4},
		"Role": 0, "UserStatus": 3, "Token": "kx8v2p", "Services": []string{"Izly"}, "ServicesInfos": nil,
		"HasNewActu": false, "OptIn": false, "OptInPartners": false,
		"SubscriptionDate": "01/09/2025", "TermsConditionsAgreementDate": "01/09/2025",
		"LimitMoneyIn": between(minTopUp, maxTopUp), "LimitMoneyOut": between(1_00, 250_00),
		"LimitPayment": between(1, 100_00), "LimitPaymentPart": between(1, 100_00),
	}, "UP": s.restUP(a)}, nil
}

func (s *Server) currentLimits(*account, restCall) (any, error) {
	limit := between(0, maxBalance)
	limit["Description"], limit["Type"], limit["DurationType"] = "Solde maximum", 2, 5
	limit["OperationType"], limit["OperationTypeGroup"] = 0, nil
	limit["Role"] = object{"Id": 1, "Name": "Client", "Value": 0}
	return object{
		"CurrentRole": 0, "ExtendedRole": 1, "KycStatus": 3,
		"CurrentLimits": []object{limit}, "ExtendedLimits": []object{},
	}, nil
}

func between(from, to int64) object { return object{"Min": euros(from), "Max": euros(to)} }
