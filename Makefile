# The tag goolm is for the encryption of Matrix, which needs it where there is no C library.
GO       = go
TOOL     = $(GO) tool -modfile=tools/go.mod
FUZZTIME = 20s

.PHONY: build demo test lint vuln fuzz e2e image

build: ## bin/bot, static
	CGO_ENABLED=0 $(GO) build -trimpath -tags goolm -ldflags '-s -w' -o bin/bot ./cmd/bot

demo: ## a chat with a made-up school and wallet
	$(GO) run ./cmd/bot demo

test: ## needs nothing but Go and, for -race, a C compiler
	$(GO) test -race -tags goolm ./...

lint: ## formatting, vet, staticcheck
	@unformatted=$$($(TOOL) gofumpt -l .) && test -z "$$unformatted" || { echo "gofumpt would change:" $$unformatted; exit 1; }
	$(GO) vet ./...
	CGO_ENABLED=0 $(GO) vet -tags goolm ./...
	CGO_ENABLED=0 $(TOOL) staticcheck -tags goolm ./...
	cd e2e && CGO_ENABLED=0 $(GO) vet -tags goolm ./...
	cd e2e && CGO_ENABLED=0 $(GO) tool -modfile=../tools/go.mod staticcheck -tags goolm ./...

vuln: ## known vulnerabilities in what the bot calls, if the database can be reached
	.ci/vuln

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

e2e: build ## clients and a homeserver that nobody here wrote; needs Node
	cd e2e && npm ci --no-audit --no-fund && CARTABLE_BOT=$(CURDIR)/bin/bot CGO_ENABLED=0 $(GO) test -count=1 -tags goolm ./...

image: ## the container image
	docker build -t cartable .
