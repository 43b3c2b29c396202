package engine_test

import "log/slog"

var discardLogger = slog.New(slog.DiscardHandler)
