FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -tags goolm -ldflags '-s -w' -o /out/bot ./cmd/bot
# The folders that the bot writes to: /data is kept, /tmp is for `bot demo`.
RUN install -d -m 0700 /out/data && install -d -m 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/bot /bot
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
ENV CARTABLE_DATA=/data
VOLUME /data
HEALTHCHECK --interval=1m --timeout=10s CMD ["/bot", "healthcheck"]
ENTRYPOINT ["/bot"]
CMD ["run"]
