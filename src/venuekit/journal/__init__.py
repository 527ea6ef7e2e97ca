"""The durable memory of one account: written before anything is sent, replayed after anything happened."""
