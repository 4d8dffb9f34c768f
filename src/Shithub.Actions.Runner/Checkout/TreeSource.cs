using Shithub.Actions.Runner.Logs;

namespace Shithub.Actions.Runner.Checkout;

/// <summary>Puts the files of the run's repository into a folder that belongs to the steps' user and that no step can touch meanwhile.</summary>
/// <param name="folder">Empty, or not there yet.</param>
/// <param name="existing">A folder that is there: <paramref name="folder"/> or one above it.</param>
/// <returns>What was asked for and what it is.</returns>
/// <exception cref="CheckoutException">It can't be done; the message is for the author.</exception>
internal delegate Task<CheckedOut> TreeSource(
    CheckoutInputs inputs, string folder, string existing, LogStream log, CancellationToken cancellationToken);

/// <param name="Ref">As the author asked for it, or the run's.</param>
/// <param name="Commit">Its full name.</param>
internal sealed record CheckedOut(string Ref, string Commit);
