"""The offline model: scripted words behind the real client, with scenarios and a project to work on."""
