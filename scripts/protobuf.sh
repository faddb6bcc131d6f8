#!/bin/sh
# Makes src/protocol/buildkit/*_pb.ts from the .proto files beside them. Needs Debian's protobuf-compiler; run it after a change.
set -eu
cd "$(dirname "$0")/.."
folder=src/protocol/buildkit
protoc --plugin=node_modules/.bin/protoc-gen-es -I "$folder" \
  --es_out="$folder" --es_opt=target=ts,import_extension=ts "$folder"/*.proto
node_modules/.bin/biome check --write --log-level=error "$folder"
