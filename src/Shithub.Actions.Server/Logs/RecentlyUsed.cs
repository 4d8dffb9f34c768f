namespace Shithub.Actions.Server.Logs;

/// <summary>
/// A cache that holds at most twice a weight, in two generations: when the young one is full it becomes the old one, and what is still
/// used moves from there to the young one. Finding and adding cost the same whatever there is in it.
/// </summary>
/// <param name="weightMax">Of one generation. What is heavier by itself is kept too, until the next.</param>
internal sealed class RecentlyUsed<TKey, TValue>(long weightMax)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _gate = new();
    private Dictionary<TKey, (TValue Value, long Weight)> _young = [];
    private Dictionary<TKey, (TValue Value, long Weight)> _old = [];
    private long _weight;

    public TValue? Find(TKey key)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(key, out var young))
                return young.Value;
            if (!_old.Remove(key, out var old))
                return null;
            Put(key, old.Value, old.Weight);
            return old.Value;
        }
    }

    public void Add(TKey key, TValue value, long weight)
    {
        lock (_gate)
        {
            _old.Remove(key);
            Put(key, value, weight);
        }
    }

    private void Put(TKey key, TValue value, long weight)
    {
        if (_young.Remove(key, out var replaced))
            _weight -= replaced.Weight;
        if (_weight + weight > weightMax && _young.Count > 0)
            (_old, _young, _weight) = (_young, [], 0);
        _young[key] = (value, weight);
        _weight += weight;
    }
}
