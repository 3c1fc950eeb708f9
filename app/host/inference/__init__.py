"""Language models for the box: `service.Inference` answers its requests through whatever models config.toml names."""
