# syntax=docker/dockerfile:1
# The image of both programs: two static binaries and the roots of TLS, nothing
# else; no shell, no package manager, no root. Time zones are compiled in.
#
#     docker build -t callpacer .

FROM golang:1.26.8-alpine AS build
WORKDIR /src
# Dependencies first: a change of our code does not fetch them again.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Static, so that the image needs no libc.
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/ ./cmd/worker ./cmd/enqueue
# A volume mounted here begins with its owner.
RUN mkdir -m 0700 /state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/worker /out/enqueue /usr/local/bin/
COPY --from=build --chown=65532:65532 /state /var/lib/callpacer
ENV PATH=/usr/local/bin
# By number: there is no /etc/passwd, and orchestrators that demand another user
# than root compare numbers.
USER 65532:65532
# The admin listener of configs/docker.yaml. A static image has no curl, so the
# worker asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["worker", "health", "--url", "http://127.0.0.1:8081/readyz"]
# SIGTERM lets requests in flight end: give it the longest vendor timeout and two
# and a half minutes (docker stop --timeout).
STOPSIGNAL SIGTERM
ENTRYPOINT ["worker"]
CMD ["--config", "/etc/callpacer/callpacer.yaml"]
