.DEFAULT_GOAL := help
FUZZTIME ?= 30

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Dispatch the sample batch against simulated vendors, nothing installed, and exit
	go run ./cmd/worker --sandbox --once

.PHONY: test
test: ## Run all tests (a real Redis too, where redis-server is installed)
	go test ./...

.PHONY: race
race: ## Run all tests with the race detector; redis-server must be there
	CALLPACER_REQUIRE_REDIS=1 go test -race ./...

.PHONY: lint
lint: ## Run golangci-lint (the version of .ci/run is the one that counts)
	golangci-lint run

.PHONY: ci
ci: ## Run the whole gate
	.ci/run

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME seconds (default 30) each
	.ci/fuzz.sh $(FUZZTIME) 1000000

.PHONY: image
image: ## Build the container image, callpacer
	docker build -t callpacer .

.PHONY: tidy
tidy: ## Format the code and tidy go.mod
	gofmt -w .
	go mod tidy
