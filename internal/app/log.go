package app

import (
	"fmt"
	"io"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
)

// NewLog returns the process's log on w, as the configuration wants it.
func NewLog(c configs.Log, w io.Writer) (*logrus.Logger, error) {
	level, err := logrus.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	log := logrus.New()
	log.SetOutput(w)
	log.SetLevel(level)
	if c.Format == "json" {
		log.SetFormatter(&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano})
	} else {
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, TimestampFormat: time.RFC3339})
	}
	return log, nil
}
