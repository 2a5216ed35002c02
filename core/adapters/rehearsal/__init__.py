"""The offline model: scripted words behind the real client, with scenarios and a project to work on.

`rehearsal_client(Rehearsal(load("default"), speed=1))` is a client for the adapter of the model; `serve` puts the same
rehearsal on loopback. Knows nothing of engines and runs.
"""
