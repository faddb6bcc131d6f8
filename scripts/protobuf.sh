#!/bin/sh
# Makes src/protocol/buildkit/*_pb.ts from the .proto files beside them. Needs Debian's protobuf-compiler; run it after a change.
set -eu
cd "$(dirname "$0")/.."
for folder in src/protocol/buildkit; do
  protoc --plugin=node_modules/.bin/protoc-gen-es -I "$folder" \
    --es_out="$folder" --es_opt=target=ts,import_extension=ts "$folder"/*.proto
done
node_modules/.bin/biome check --write --log-level=error src/protocol
