variable "temporal_api_key" {
  description = "The API key; you can also set TEMPORAL_API_KEY."
  type        = string
  sensitive   = true
}

provider "signal" {
  temporal {
    address   = "https://temporal.example.com:7243"
    namespace = "orders"
    api_key   = var.temporal_api_key
  }
}
