package testserver

import (
	"errors"
	"testing"
)

var (
	mongoDB  = kind{driver: "mongodb", variable: "PROMPTY_TEST_MONGODB", create: func(*Server, bool) error { return errors.New("not there yet") }}
	dynamoDB = kind{driver: "dynamodb", variable: "PROMPTY_TEST_DYNAMODB", create: func(*Server, bool) error { return errors.New("not there yet") }}
)

func MongoDB(t testing.TB) *Server     { t.Helper(); return mongoDB.get(t) }
func OwnMongoDB(t testing.TB) *Server  { t.Helper(); return mongoDB.getOwn(t) }
func DynamoDB(t testing.TB) *Server    { t.Helper(); return dynamoDB.get(t) }
func OwnDynamoDB(t testing.TB) *Server { t.Helper(); return dynamoDB.getOwn(t) }
