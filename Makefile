# The tag goolm is for the encryption of Matrix, which needs it where there is no C library.
GO       = go
TOOL     = $(GO) tool -modfile=tools/go.mod
FUZZTIME = 20s

.PHONY: build demo test lint fuzz e2e image

build: ## bin/bot, static
	CGO_ENABLED=0 $(GO) build -trimpath -tags goolm -ldflags '-s -w' -o bin/bot ./cmd/bot

demo: ## a chat with a made-up school and wallet
	$(GO) run ./cmd/bot demo

test: ## needs nothing but Go and, for -race, a C compiler
	$(GO) test -race ./...

lint: ## formatting, vet, staticcheck
	@unformatted=$$($(TOOL) gofumpt -l .) && test -z "$$unformatted" || { echo "gofumpt would change:" $$unformatted; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags goolm ./...
	$(TOOL) staticcheck -tags goolm ./...
	cd e2e && $(GO) vet ./...

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

e2e: build ## clients that nobody here wrote; needs Node
	cd e2e && npm ci --no-audit --no-fund && CARTABLE_BOT=$(CURDIR)/bin/bot $(GO) test -count=1 ./...

image: ## the container image
	docker build -t cartable .
