namespace Shithub.Actions.Runner.Checkout;

/// <summary>The checkout can't be done; the message is for the job's author.</summary>
internal sealed class CheckoutException(string message) : Exception(message);
